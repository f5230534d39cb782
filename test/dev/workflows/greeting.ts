/** In a file of its own to show that `.js` specifiers are found as `.ts` by the bundler. */
export const GREETING = 'done';
