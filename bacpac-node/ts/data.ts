// Options on their way to the core, and reports on their way back: `camelCase` here, `snake_case` there.

// Fields whose keys are names of the caller's, not of the core.
const MAPS_IN: ReadonlySet<string> = new Set(['filegroupMap', 'rename', 'rowFilters', 'rules', 'schemaMap']);
const MAPS_OUT: ReadonlySet<string> = new Set(['objects', 'other']);

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** Options as the core's JSON, without those of the call itself. What the core does not know, it refuses by name. */
export function toCore(options: object, without: readonly string[] = []): string {
  const call = new Set(['signal', 'onProgress', ...without]);
  return json(Object.fromEntries(Object.entries(options).filter(([name]) => !call.has(name))), snake);
}

function json(value: unknown, rename: (name: string) => string): string {
  if (typeof value === 'bigint') {
    return value.toString();
  }
  if (value === null || typeof value !== 'object') {
    return JSON.stringify(value) ?? 'null';
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    return `[${value.map((item) => json(item, rename)).join(',')}]`;
  }
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  const field = ([name, field]: [string, unknown]): string =>
    `${JSON.stringify(rename(name))}:${json(field, MAPS_IN.has(name) ? (key) => key : rename)}`;
  return `{${fields.map(field).join(',')}}`;
}

/** A report of the core. */
export function fromCore<T>(value: unknown): T {
  return renamed(value, camel) as T;
}

function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => renamed(item, rename));
  }
  if (value === null || typeof value !== 'object') {
    return value;
  }
  const field = ([name, field]: [string, unknown]): [string, unknown] => {
    // `objects` is a map from class to count in a summary, and a list elsewhere; renaming a list's fields is right.
    const isMap = MAPS_OUT.has(name) && !Array.isArray(field);
    return [rename(name), renamed(field, isMap ? (key) => key : rename)];
  };
  return Object.fromEntries(Object.entries(value).map(field));
}
