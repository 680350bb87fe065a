/**
 * What a view works with.
 * @typedef {{
 *   state: import('./node-state.js').NodeState,
 *   api: import('./api.js').Api,
 *   watch: (filters: readonly string[]) => void,
 *   go: (path: string) => void,
 *   signIn: (reason: string) => void,
 * }} Context
 */

/**
 * A view. `update` is called at most four times a second while it is shown, and once at its start; `take` gets each message
 * of what it has watched.
 * @typedef {{
 *   element: HTMLElement,
 *   update: () => void,
 *   take?: (batch: { messages: readonly any[], left: number }) => void,
 *   route?: (rest: string) => void,
 *   close?: () => void,
 * }} View
 */

/**
 * What makes a view; `rest` is what stands behind its name in the address.
 * @typedef {{ name: string, title: string, key: string, make: (context: Context, rest: string) => View,
 *   count?: (state: import('./node-state.js').NodeState) => number }} ViewEntry
 */

export {};
