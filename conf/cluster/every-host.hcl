# What is the same on every host; the file of the host is read after it.
data_dir = "/var/lib/consul"
retry_join = ["172.20.20.10", "172.20.20.20", "172.20.20.30"]
# A host that starts while the others are away finds them soon. Consul's own value is 30s.
retry_interval = "1s"
# A client that is restarted comes back with its services. Consul's own value has it say goodbye, and
# its services gone until it is up again.
leave_on_terminate = false
disable_update_check = true
performance {
  # What Consul advises for production: a leader within seconds.
  raft_multiplier = 1
}
