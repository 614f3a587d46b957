/** The definitions beside this file, each loaded when it is chosen. Written by `npm run docs`. */
export const platforms: Readonly<Record<string, () => Promise<{ readonly default: unknown }>>> = {};
