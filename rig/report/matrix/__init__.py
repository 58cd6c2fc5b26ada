"""The matrix of requirements against results, for a terminal, a browser, a spreadsheet and paper."""
