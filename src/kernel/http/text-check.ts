const MAX_DEPTH = 20;
const MAX_MEMBERS = 200;
const MAX_ITEMS = 1_000;
const MAX_NODES = 50_000;

/**
 * What is wrong with a parsed body, query or path, before anything looks into it: PostgreSQL
 * stores neither NUL nor a lone surrogate, nobody types control characters, and a tree larger or
 * deeper than any input of the house is only there to do harm (class-transformer takes quadratic
 * time over the members of an object).
 *
 * @returns the path of the first fault, or null
 */
export function unacceptablePath(root: unknown): string | null {
  const open: { value: unknown; path: string; depth: number }[] = [
    { value: root, path: '', depth: 0 },
  ];
  let nodes = 0;
  for (let node = open.pop(); node; node = open.pop()) {
    const { value, path, depth } = node;
    if (typeof value === 'string' && !isStorable(value)) return path;
    if (typeof value !== 'object' || value === null) continue;
    const entries = Object.entries(value);
    nodes += entries.length;
    const most = Array.isArray(value) ? MAX_ITEMS : MAX_MEMBERS;
    if (depth >= MAX_DEPTH || entries.length > most || nodes > MAX_NODES) return path;
    for (const [key, child] of entries) {
      if (!isStorable(key)) return path === '' ? '(name)' : path;
      open.push({ value: child, path: path === '' ? key : `${path}.${key}`, depth: depth + 1 });
    }
  }
  return null;
}

/** No control characters but tab and line ends: what every text of the house may hold. */
// oxlint-disable-next-line no-control-regex
export const STORABLE = /^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$/;

function isStorable(text: string): boolean {
  return STORABLE.test(text) && text.isWellFormed();
}
