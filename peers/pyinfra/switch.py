"""What deploying and going back have in common."""
from pyinfra.operations import files, server, systemd

WAIT = 'for attempt in $(seq 300); do curl -s http://127.0.0.1:8099/ | grep -qx {} && exit 0; sleep 0.1; done; exit 1'


def switch(version, release):
    """Serves a release that lies on the hosts."""
    systemd.service(name='Stop the service', service='shop', running=False)
    files.link(name='Point current to the release', path='/opt/shop/current', target=release)
    # What it is told to be was looked up before anything was stopped: only a restart is certain to start it.
    systemd.service(name='Start the service', service='shop', running=True, restarted=True, enabled=True)
    server.shell(name='Wait until it serves the version', commands=[WAIT.format(version)])
    server.shell(name='Ask for the page', commands=['curl -sf -o /dev/null http://127.0.0.1:8098/'])
