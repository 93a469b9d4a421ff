// Module callsup counts calls that run back up between the files of a package. It is a module of its own, so that golang.org/x/tools stays out of the operator's.
module github.com/avs-operator/avs-operator/hack/tools/callsup

go 1.26.0

require golang.org/x/tools v0.52.0

require (
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
)
