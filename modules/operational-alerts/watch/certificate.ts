import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { connect } from 'node:tls';

const CONNECT_MS = 5_000;
const HTTPS = 443;

/**
 * Until when a certificate is good: of a file of PEM, the first in it, or of `host:port`, the one that is
 * really served there, whoever signed it. A certificate that was renewed and not loaded does not count.
 *
 * @throws Error when it cannot be read
 */
export async function expiryOf(place: string): Promise<Date> {
  const certificate = place.startsWith('/')
    ? new X509Certificate(await readFile(place))
    : await servedAt(place);
  const end = new Date(certificate.validTo);
  if (Number.isNaN(end.getTime())) throw new Error(`${place}: ${certificate.validTo} is no date`);
  return end;
}

/** `shop.cl`, `shop.cl:8443`, `[::1]:443`, `::1`: an address of IPv6 with a port is in brackets (RFC 3986, 3.2.2). */
export function addressOf(place: string): { readonly host: string; readonly port: number } {
  if (isIP(place) === 6) return { host: place, port: HTTPS };
  const found = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(place);
  const [, bracketed, plain, port = String(HTTPS)] = found ?? [];
  const isRight = bracketed === undefined || isIP(bracketed) === 6;
  const host = bracketed ?? plain;
  if (host === undefined || !isRight || Number(port) < 1 || Number(port) > 65_535) {
    throw new Error(`${place} is no host:port; an address of IPv6 with a port is [address]:port`);
  }
  return { host, port: Number(port) };
}

async function servedAt(place: string): Promise<X509Certificate> {
  const { host, port } = addressOf(place);
  return new Promise((resolve, reject) => {
    // An expired or foreign one is to be read, too.
    const options = { host, port, rejectUnauthorized: false };
    const named = isIP(host) === 0 ? { servername: host } : {};
    const socket = connect({ ...options, ...named }, () => {
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      if (raw) resolve(new X509Certificate(raw));
      else reject(new Error(`${place} shows no certificate`));
    });
    socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error(`${place} does not answer`)));
    socket.once('error', reject);
  });
}
