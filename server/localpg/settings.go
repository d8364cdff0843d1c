package localpg

import "strconv"

// settings are the server's settings as command-line arguments, where they outrank its configuration file and
// ALTER SYSTEM. They suit a machine of a few gigabytes that runs other things too.
func settings(cfg Config, port int) []string {
	values := [][2]string{
		{"listen_addresses", loopback},
		{"port", strconv.Itoa(port)},
		// No socket file: its path must fit in about 100 bytes, which a deep folder does not.
		{"unix_socket_directories", ""},
		{"timezone", "UTC"},
		{"log_timezone", "UTC"},
		// Clients hear of their own errors. In the log those would fill the disk, and hold what visitors sent.
		{"log_min_messages", "log"},
		{"log_checkpoints", "off"},
		{"logging_collector", "off"},
		// Compiling pays on hour-long queries, and costs tens of milliseconds on ours.
		{"jit", "off"},
		// Nobody replicates from this server, so it need not log for that.
		{"wal_level", "minimal"},
		{"max_wal_senders", "0"},
	}
	if cfg.Ephemeral {
		values = append(values, [][2]string{
			{"fsync", "off"},
			{"synchronous_commit", "off"},
			{"full_page_writes", "off"},
			// A background worker that visits databases makes copying one wait.
			{"autovacuum", "off"},
			{"max_connections", "500"},
			{"shared_buffers", "64MB"},
			{"max_wal_size", "1GB"},
		}...)
	} else {
		values = append(values, [][2]string{
			{"fsync", "on"},
			{"synchronous_commit", "on"},
			{"full_page_writes", "on"},
			{"max_connections", "200"},
			{"shared_buffers", "256MB"},
			{"work_mem", "16MB"},
			{"maintenance_work_mem", "128MB"},
			// Solid-state disks: a random page costs about what a sequential one does.
			{"random_page_cost", "1.1"},
			{"wal_compression", "on"},
			{"max_wal_size", "2GB"},
			{"checkpoint_timeout", "15min"},
		}...)
	}
	args := make([]string, 0, 2*len(values))
	for _, v := range values {
		args = append(args, "-c", v[0]+"="+v[1])
	}
	return args
}
