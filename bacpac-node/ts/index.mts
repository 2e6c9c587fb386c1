// The same for ES modules: one implementation, so that an error's class is the same to both.

export * from './index.js';
