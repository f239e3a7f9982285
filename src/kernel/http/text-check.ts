const MAX_DEPTH = 20;

/**
 * What is wrong with the texts in a parsed body or query: PostgreSQL stores neither NUL nor a
 * lone surrogate, and a tree deeper than any input of the house is only there to do harm.
 *
 * @returns the path of the first fault, or null
 */
export function unstorablePath(root: unknown): string | null {
  const open: { value: unknown; path: string; depth: number }[] = [
    { value: root, path: '', depth: 0 },
  ];
  for (let node = open.pop(); node; node = open.pop()) {
    const { value, path, depth } = node;
    if (typeof value === 'string' && !isStorable(value)) return path;
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= MAX_DEPTH) return path;
    for (const [key, child] of Object.entries(value)) {
      if (!isStorable(key)) return path === '' ? '(name)' : path;
      open.push({ value: child, path: path === '' ? key : `${path}.${key}`, depth: depth + 1 });
    }
  }
  return null;
}

function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
