"""Units, environment files and sites from structured fields."""
import os
import shutil
import subprocess
import unittest

from given import DIGEST, HostTest, host, manifest


def release(component='backend', **fields):
    changed = manifest(component, **fields)
    return host.Release(DIGEST, changed['version'], changed['components'])


class UnitTest(HostTest):
    def unit(self, **fields):
        return host.render_unit(self.app, release(**fields), 'backend')

    def test_names_the_release_directory_itself(self):
        directory = f'{self.app.releases}/{DIGEST}/backend'
        unit = self.unit()
        self.assertTrue(unit.startswith('# safeguard campus-demo backend\n'))
        self.assertIn(f'\nExecStart=/usr/bin/java "-jar" "{directory}/app.jar"\n', unit)
        self.assertIn(f'\nWorkingDirectory={directory}\n', unit)
        self.assertIn(f'\nConditionPathExists={self.app.startable}/{DIGEST}\n', unit)
        self.assertIn('\nEnvironment="SAFEGUARD_VERSION=1.0.0"\n', unit)
        self.assertNotIn('[Install]', unit)

    def test_quotes_arguments(self):
        self.assertIn('"$$HOME %%n \\"q\\" \\\\" ";" ""\n', self.unit(exec=['/bin/x', '$HOME %n "q" \\', ';', '']))

    def test_quotes_environment_but_keeps_dollars(self):
        self.assertIn('Environment="A=5%% $HOME \\"x\\" \\\\n"\n', self.unit(environment={'A': '5% $HOME "x" \\n'}))

    def test_port_and_version_are_ours(self):
        unit = self.unit(environment={'PORT': '1'})
        self.assertIn('"PORT=8080"', unit)
        self.assertNotIn('"PORT=1"', unit)

    def test_secrets_come_from_a_file(self):
        self.assertIn(f'EnvironmentFile={self.app.releases}/{DIGEST}/.backend.env\n', self.unit(secrets=['KEY']))
        self.assertNotIn('EnvironmentFile', self.unit())

    def test_environment_file_escapes(self):
        self.assertEqual(host.render_environment({'B': 'x', 'A': 'a"b\\c$d`e\'f\ng'}), 'A="a\\"b\\\\c\\$d\\`e\'f\ng"\nB="x"\n')

    @unittest.skipUnless(shutil.which('systemd-analyze'), 'systemd-analyze is not here')
    def test_systemd_takes_it(self):
        path = os.path.join(self.root, 'campus.service')
        program = os.path.join(self.root, 'program')
        with open(program, 'w', encoding='utf-8') as file:
            os.fchmod(file.fileno(), 0o755)
        self.addCleanup(setattr, host, 'PROGRAM', host.PROGRAM)
        host.PROGRAM = program
        with open(path, 'w', encoding='utf-8') as file:
            file.write(self.unit(exec=['/bin/true', '$HOME %n "q" \\', ';'], user='root'))
        ran = subprocess.run(['systemd-analyze', 'verify', '--man=no', path], capture_output=True, text=True, check=False)
        self.assertNotIn('campus.service', ran.stderr)


class SiteTest(HostTest):
    def site(self, fallback=None, **fields):
        return host.render_site(self.app, release('frontend', **fields), 'frontend', fallback)

    def test_names_the_release_and_its_routes(self):
        site = self.site()
        self.assertTrue(site.startswith('# safeguard campus-demo frontend\n'))
        self.assertIn(f'root {self.app.releases}/{DIGEST}/frontend;', site)
        self.assertIn('proxy_pass http://127.0.0.1:8080;', site)
        self.assertIn(f'add_header X-Safeguard-Release {DIGEST} always;', site)

    def test_assets_of_the_release_before_stay_served(self):
        self.assertIn(f'root {self.app.releases}/{"b" * 64}/frontend;', self.site('b' * 64))
        self.assertNotIn('@previous', self.site())

    def test_the_fallback_is_the_same_before_and_after_the_commit(self):
        new, old, older = (self.lay_out({**manifest(), 'version': version}) for version in ('3', '2', '1'))
        loaded = host.load_release(self.app, new)
        before = host.assets_fallback(self.app, {'committed': old, 'previous': older}, loaded, 'frontend')
        after = host.assets_fallback(self.app, {'committed': new, 'previous': old}, loaded, 'frontend')
        self.assertEqual((before, after), (old, old))

    def test_no_fallback_to_what_is_not_there(self):
        loaded = host.load_release(self.app, self.lay_out(manifest()))
        self.assertIsNone(host.assets_fallback(self.app, {'committed': 'c' * 64, 'previous': None}, loaded, 'frontend'))


class OwnershipTest(HostTest):
    def test_a_file_of_somebody_else_is_not_touched(self):
        for first in ('[Unit]', '# safeguard campus-other backend', '# safeguard campus-demo'):
            with open(self.app.site, 'w', encoding='utf-8') as file:
                file.write(f'{first}\n')
            self.refused('FOREIGN_UNIT', host.read_owned, self.app, self.app.site)

    def test_ours_and_none(self):
        self.assertIsNone(host.read_owned(self.app, self.app.site))
        with open(self.app.site, 'w', encoding='utf-8') as file:
            file.write('# safeguard campus-demo frontend\n')
        self.assertEqual(host.managed_site(self.app), 'frontend')
        self.assertIsNotNone(host.read_owned(self.app, self.app.site))

    def test_a_link_is_somebody_elses(self):
        os.symlink('/etc/passwd', self.app.site)
        self.refused('FOREIGN_UNIT', host.read_owned, self.app, self.app.site)
