export { deployment } from './deployment.js';
export { environment } from './environment.js';
export { rollback } from './rollback.js';
