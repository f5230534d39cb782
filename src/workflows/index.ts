export { deployment } from './deployment.js';
export { environment } from './environment.js';
export { recovery } from './recovery.js';
export { preflight } from './preflight.js';
export { rollback } from './rollback.js';
export { health } from './health.js';
export { verify } from './verify.js';
