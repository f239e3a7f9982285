import { isIP } from 'node:net';
import { normalizeIp } from '@nestjs/throttler';

/**
 * Whom an address stands for when requests are counted: an IPv4 address itself; of an IPv6 address
 * its /64, since one household has all of it to choose from. What is no address (a forged
 * `X-Forwarded-For` that a proxy passed on) is one stranger for all.
 */
export function networkOf(ip: string | null | undefined): string {
  return ip && isIP(ip) !== 0 ? normalizeIp(ip) : 'unknown';
}
