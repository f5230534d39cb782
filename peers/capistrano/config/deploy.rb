set :application, 'shop'
set :version, ENV.fetch('PEER_VERSION')
set :releases, ENV.fetch('PEER_RELEASES')
set :deploy_to, '/opt/shop'
set :keep_releases, 5
set :format, :simpletext
