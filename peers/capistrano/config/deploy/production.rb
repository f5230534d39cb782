ENV.fetch('PEER_HOSTS').split(',').each do |address|
  server address,
         user: 'root',
         roles: %w[app],
         ssh_options: {
           keys: [ENV.fetch('PEER_KEY')],
           keys_only: true,
           user_known_hosts_file: ENV.fetch('PEER_KNOWN_HOSTS'),
           global_known_hosts_file: [],
           verify_host_key: :always,
           config: false,
           auth_methods: %w[publickey]
         }
end
