import { isIP } from 'node:net';

/**
 * Whether the server answers to the name in a Host header. Without an allow-list (development)
 * it answers to `localhost` and to addresses, which no foreign page can claim by DNS.
 *
 * @param allowed names, or `.example.cl` for a domain and everything below it
 */
export function isAllowedHost(header: string | undefined, allowed: readonly string[]): boolean {
  const match = /^(?:\[([\da-f:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/i.exec(header ?? '');
  const host = (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, '');
  if (!host) return false;
  if (allowed.length === 0) return host === 'localhost' || isIP(host) !== 0;
  return allowed.some((name) => {
    const known = name.toLowerCase();
    return known.startsWith('.') ? host === known.slice(1) || host.endsWith(known) : host === known;
  });
}
