// Whether a result is what a scenario expects; throws what differs, and where.

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const shown = (value) => (value === undefined ? 'nothing' : JSON.stringify(value));

const operators = {
  $length: (found, n) => Array.isArray(found) && found.length === n,
  $contains: (found, text) => typeof found === 'string' && found.includes(text),
  $above: (found, n) => typeof found === 'number' && found > n,
  $some: (found, wanted) => Array.isArray(found) && found.some((item) => contains(wanted, item)),
  $matches: (found, pattern) => typeof found === 'string' && new RegExp(pattern).test(found),
  $absent: (found) => found === undefined || found === null,
};

function contains(wanted, found) {
  try {
    compare(wanted, found, '');
    return true;
  } catch {
    return false;
  }
}

export function compare(expected, found, place) {
  if (isObject(expected)) {
    const [[name, operand] = []] = Object.entries(expected);
    if (name?.startsWith('$')) {
      if (!operators[name]) throw new Error(`${place}: there is no ${name}`);
      if (!operators[name](found, operand)) throw new Error(`${place}: ${shown(found)} is not ${shown(expected)}`);
      return;
    }
    if (!isObject(found)) throw new Error(`${place}: ${shown(found)} instead of ${shown(expected)}`);
    for (const [field, wanted] of Object.entries(expected)) compare(wanted, found[field], `${place}.${field}`);
    return;
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(found) || found.length !== expected.length) {
      throw new Error(`${place}: ${shown(found)} instead of ${shown(expected)}`);
    }
    expected.forEach((wanted, i) => compare(wanted, found[i], `${place}.${i}`));
    return;
  }
  if (expected !== found) throw new Error(`${place}: ${shown(found)} instead of ${shown(expected)}`);
}
