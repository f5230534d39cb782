/** The tools that are killed, in the order of their turns. */
export const TOOLS = ['ansible', 'capistrano', 'safeguard'] as const;
export type Tool = (typeof TOOLS)[number];
