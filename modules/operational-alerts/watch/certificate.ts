import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { connect } from 'node:tls';

const CONNECT_MS = 5_000;

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

async function servedAt(place: string): Promise<X509Certificate> {
  const [, host = '', port = '443'] = /^(.+?)(?::(\d{1,5}))?$/.exec(place) ?? [];
  return new Promise((resolve, reject) => {
    // An expired or foreign one is to be read, too.
    const options = { host, port: Number(port), rejectUnauthorized: false };
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
