// Module static checks that a binary is statically linked. It needs the standard library alone.
module github.com/avs-operator/avs-operator/hack/tools/static

go 1.26.0
