"""The hosts that the caller names."""
import os

web = [
    (
        address,
        {
            'ssh_user': 'root',
            'ssh_key': os.environ['PEER_KEY'],
            'ssh_known_hosts_file': os.environ['PEER_KNOWN_HOSTS'],
            'ssh_strict_host_key_checking': 'yes',
        },
    )
    for address in os.environ['PEER_HOSTS'].split(',')
]
