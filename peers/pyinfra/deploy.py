"""Stages a release, then switches to it."""
import os

from pyinfra.operations import files, server
from switch import switch

VERSION = os.environ['PEER_VERSION']
SOURCE = f'{os.environ["PEER_RELEASES"]}/{VERSION}'
RELEASE = f'/opt/shop/releases/{VERSION}'

for part in ('backend', 'site'):
    files.directory(name=f'Make the directory of the {part}', path=f'{RELEASE}/{part}')
for file in ('backend.tar.gz', 'site.tar.gz', 'SHA256SUMS'):
    files.put(name=f'Copy {file}', src=f'{SOURCE}/{file}', dest=f'{RELEASE}/{file}')
server.shell(
    name='Compare the checksums and unpack',
    commands=[
        f'cd {RELEASE} && sha256sum --check --ignore-missing --quiet SHA256SUMS',
        f'tar -xzf {RELEASE}/backend.tar.gz -C {RELEASE}/backend',
        f'tar -xzf {RELEASE}/site.tar.gz -C {RELEASE}/site',
    ],
)
switch(VERSION, RELEASE)
