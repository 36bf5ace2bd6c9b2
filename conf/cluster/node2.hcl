# Consul's agent on node2, a client of the server on node1.
node_name = "node2"
bind_addr = "172.20.20.20"
# Seamark on this host asks over loopback. The other address is for a registrar in a container without
# --net=host; who reaches it can change the catalog, where there are no ACLs.
client_addr = "127.0.0.1 172.20.20.20"
