module github.com/sluice-dev/sluice/hack/tools/vuln

go 1.26.0
