// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shownBy names the test that shows what becomes of a wait when its bound is reached. Those of the packages below need not be here: that their
// bound is the constant that is used is seen below.
var shownBy = map[string]string{
	"Sending":       "TestNothingLeavesAfterTheDeadline",
	"Calling":       "TestAnOperatorThatDiedBetweenRecordAndCall",
	"Grace":         "TestCreateSurvives",
	"Agreement":     "TestWhatAzureNormalisesIsNotWrittenForEver",
	"Missing":       "TestAListWithoutItProvesNothing",
	"RefusedPolls":  "TestAPollThatIsRefusedIsReplacedByAReadOfTheResource",
	"Running":       "TestAPollThatNeverEndsIsReplacedByAReadOfTheResource",
	"Foreign":       "TestWhatSomebodyElseDoesForTooLongIsSaid",
	"Busy":          "TestOneThatIsBusyForLongerThanAnHourSaysSo",
	"Asking":        "TestARefusalThatRepeatsIsSaidOnce",
	"Settling":      "TestSuccessIsBelievedOnlyWhenTheMachineIsSeen",
	"StandingStill": "TestARelocationThatStandsStillSaysSo",
	"Queued":        "TestARelocationThatStandsStillSaysSo",
	"Guest":         "TestAGuestThatIgnoresTheShutdownIsLeftRunning",
	"Recheck":       "TestAnHCXSiteWaitsForTheAddonWithoutARefusal",
	"FirstList":     "TestManyStanding",
	"Glance":        "TestAVCenterThatCannotBeReachedHealsByItself",
	"OnePlace":      "TestACallThatWouldWaitLongIsGivenBack",
	"Login":         "TestWrongCredentialsAreTriedOnce",
	"Connecting":    "TestAVCenterThatCannotBeReachedHealsByItself",
	"Reconnect":     "TestAVCenterThatCannotBeReachedHealsByItself",
	"VCenterStop":   "TestAWrongThumbprintIsToldWithBothAndNothingIsSent",
	"Turn":          "TestATurnThatNobodyTakesIsLost",
	"Stalled":       "TestRefusalsAreTold",
}

// tree is the operator's own code, parsed once: constants that are used, by the package's last name, and tests that there are.
type tree struct {
	used  map[string]int // "ledger.Sending"
	tests map[string]bool
	table map[string]ast.Expr // the bound of each wait in the table
}

func readTree(t *testing.T) tree {
	t.Helper()
	out := tree{used: map[string]int{}, tests: map[string]bool{}, table: map[string]ast.Expr{}}
	for _, root := range []string{"../../controllers", "../../test"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") {
				return err
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, content, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			out.read(path, file)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func (tr *tree) read(path string, file *ast.File) {
	isTest, own := strings.HasSuffix(path, "_test.go"), file.Name.Name
	inTable := strings.HasSuffix(path, "ledger/waits.go")
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if isTest {
				tr.tests[n.Name.Name] = true
			}
			if inTable && n.Name.Name == "Waits" {
				return false
			}
		case *ast.ValueSpec:
			if inTable && len(n.Values) == 1 {
				if literal, ok := n.Values[0].(*ast.CompositeLit); ok && len(literal.Elts) == 5 {
					tr.table[n.Names[0].Name] = literal.Elts[1]
				}
			}
			if inTable {
				return false
			}
		case *ast.SelectorExpr:
			if pkg, ok := n.X.(*ast.Ident); ok && !isTest {
				tr.used[pkg.Name+"."+n.Sel.Name]++
			}
		case *ast.Ident:
			if !isTest {
				tr.used[own+"."+n.Name]++
			}
		}
		return true
	})
}

// Every wait of the table is one that the code takes from there, and is shown by a test that exists.
func TestEveryWaitIsTakenFromTheTable(t *testing.T) {
	tr, seen := readTree(t), map[string]bool{}
	for _, row := range Waits() {
		if seen[row.Name] {
			t.Errorf("%s stands there twice", row.Name)
		}
		seen[row.Name] = true
		if row.For == "" || row.Told == "" || row.Then == "" || row.Bound <= 0 || row.Bound > 24*time.Hour {
			t.Errorf("%s does not say what it is, or is not bounded by a day: %+v", row.Name, row.Wait)
		}
		bound, ok := tr.table[row.Name]
		if !ok {
			t.Errorf("%s is no wait of waits.go", row.Name)
			continue
		}
		// A bound that belongs to a package below is that package's own; any other is used by its name in the table.
		name, least := "ledger."+row.Name, 1
		if below, is := bound.(*ast.SelectorExpr); is {
			name, least = below.X.(*ast.Ident).Name+"."+below.Sel.Name, 2 // where it is declared, and where it is used
		}
		if n := tr.used[name]; n < least {
			t.Errorf("nothing waits for %s (%s): its bound is written down somewhere else, or nowhere", row.Name, name)
		}
		if test, shown := shownBy[row.Name]; (shown || least == 1) && !tr.tests[test] {
			t.Errorf("%s is shown by %q, and there is no such test", row.Name, test)
		}
	}
	for name := range tr.table {
		if !seen[name] {
			t.Errorf("%s is not in Waits()", name)
		}
	}
}

// The three polls of the table fit into its bound: they pause a third of it, and then two.
func TestRefusedPollsAreAsManyAsTheirBoundSays(t *testing.T) {
	if sum := RefusedPolls.Bound*1/3 + RefusedPolls.Bound*2/3; sum != Pause(1)+Pause(2) {
		t.Errorf("three polls take %s, and the first pauses after a refusal are %s", sum, Pause(1)+Pause(2))
	}
}
