import { describeBoots } from './boot-stories.js';

describeBoots('a host that reboots', 'reboot', 'wait');
