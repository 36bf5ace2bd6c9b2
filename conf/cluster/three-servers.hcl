# Read after the file of each host: all three are servers, so that any of them may be away.
server = true
bootstrap_expect = 3
