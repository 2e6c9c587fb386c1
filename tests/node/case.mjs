// The scenarios' `snake_case`, and the library's `camelCase`. `objects` and the like are maps: their keys are nobody's fields.

const MAPS = new Set(['objects', 'row_filters', 'rules', 'schema_map', 'filegroup_map']);

function renamed(value, rename) {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (typeof value === 'bigint') return Number(value);
  if (value === null || typeof value !== 'object') return value;
  const keep = (name, field) => MAPS.has(name) && !Array.isArray(field);
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [rename(name), renamed(field, keep(name, field) ? (n) => n : rename)]),
  );
}

export const camelCase = (value = {}) => renamed(value, (n) => n.replace(/_([a-z0-9])/g, (_, c) => c.toUpperCase()));
export const snakeCase = (value) => renamed(value, (n) => n.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`));
