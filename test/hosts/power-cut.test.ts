import { describeBoots } from './boot-stories.js';

describeBoots('a host that loses its power', 'power-loss', 'start');
