# Consul's agent on node1, the one server.
node_name = "node1"
bind_addr = "172.20.20.10"
# Seamark on this host asks over loopback. The other address is for a registrar in a container without
# --net=host; who reaches it can change the catalog, where there are no ACLs.
client_addr = "127.0.0.1 172.20.20.10"
server = true
bootstrap_expect = 1
