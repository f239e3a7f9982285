import { isIP } from 'node:net';

const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const NAME = `${LABEL}(?:\\.${LABEL})*`;

/** `app.example`, `*.app.example`, each with `:8443` where only that port is meant, or `*`. */
export const HOST_PATTERN = new RegExp(`^(?:\\*|(?:\\*\\.)?${NAME}(?::\\d{1,5})?)$`);

/**
 * Whether a document of this host is the app's. As in CSP, `*.app.example` means hosts below
 * `app.example` and not itself (CSP3 §6.7.2.8, host-part match).
 */
export function isHostOf(patterns: readonly string[], host: string, port: string): boolean {
  return patterns.some((pattern) => {
    if (pattern === '*') return true;
    const [name = '', wantedPort] = pattern.split(':');
    if (wantedPort !== undefined && wantedPort !== port) return false;
    if (!name.startsWith('*.')) return host === name;
    return host.endsWith(name.slice(1)) && isIP(host) === 0;
  });
}
