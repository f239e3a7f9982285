import { createPublicKey, X509Certificate } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { SignedXml } from 'xml-crypto';
import { currentContext } from '#kernel';
import type { Findings } from '../import/import.findings.js';

/** Characters of a signature with its certificate: real ones have some 5,000. */
const MAX_SIGNATURE = 40_000;

/**
 * Looks at the XML signature (XML-DSig) of each document of an envelope: that nothing was changed
 * since it was signed by the key it carries. Whose key that is it does not ask. What is wrong is a
 * warning: the SII has accepted documents that no verifier does.
 *
 * @param text of the whole file
 */
export async function checkSignatures(text: string, findings: Findings): Promise<void> {
  const namespaces = namespacesAround(text);
  let row = 0;
  for (const document of documentsIn(text)) {
    row += 1;
    const signature = signatureOf(document);
    if (signature === null) {
      findings.warn('signature-missing', { row });
      continue;
    }
    // A document is signed alone and then put into an envelope, which adds namespaces; or in it.
    const alone = faultOf(document, signature);
    const fault = alone && faultOf(within(document, namespaces), signature);
    if (fault !== null) findings.warn('signature-invalid', { row }, { why: fault });
    await turn();
  }
}

/** Each document as it stands in the text. */
function* documentsIn(text: string): Generator<string> {
  for (let at = text.search(/<DTE[\s>]/); at >= 0;) {
    const end = text.indexOf('</DTE>', at);
    if (end < 0) return;
    yield text.slice(at, end + '</DTE>'.length);
    at = text.indexOf('<DTE', end + 1);
  }
}

/** The last one is the document's own. */
function signatureOf(document: string): string | null {
  const at = document.lastIndexOf('<Signature ');
  const end = document.lastIndexOf('</Signature>');
  return at < 0 || end < at ? null : document.slice(at, end + '</Signature>'.length);
}

/** @returns null when the signature holds */
function faultOf(document: string, signature: string): string | null {
  if (signature.length > MAX_SIGNATURE) return WORDS[language()].differs;
  try {
    const publicCert = keyOf(signature);
    if (publicCert === null) return WORDS[language()].key;
    const signed = new SignedXml({ publicCert, getCertFromKeyInfo: () => null });
    signed.loadSignature(signature);
    if (!signed.checkSignature(document)) return WORDS[language()].differs;
    const covers = signed
      .getSignedReferences()
      .some((part) => /^<(Documento|Liquidacion|Exportaciones)[\s>]/.test(part));
    return covers ? null : WORDS[language()].elsewhere;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The key that the signature carries: a certificate, or the bare numbers of an RSA key. */
function keyOf(signature: string): string | null {
  const part = (name: string): string | undefined =>
    new RegExp(`<${name}>([\\s\\S]*?)</${name}>`).exec(signature)?.[1]?.replaceAll(/\s/g, '');
  const certificate = part('X509Certificate');
  if (certificate) {
    const { publicKey } = new X509Certificate(Buffer.from(certificate, 'base64'));
    return publicKey.export({ type: 'spki', format: 'pem' }).toString();
  }
  const [n, e] = [part('Modulus'), part('Exponent')];
  if (!n || !e) return null;
  const url = (base64: string): string => Buffer.from(base64, 'base64').toString('base64url');
  const key = createPublicKey({ key: { kty: 'RSA', n: url(n), e: url(e) }, format: 'jwk' });
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

/** Declarations of namespaces on the elements around the documents. */
function namespacesAround(text: string): string[] {
  const head = text.slice(0, Math.max(text.search(/<DTE[\s>]/), 0));
  return [...new Set([...head.matchAll(/\sxmlns(?::[\w-]+)?="[^"<&]*"/g)].map(([found]) => found))];
}

function within(document: string, namespaces: readonly string[]): string {
  const tag = /^<DTE[^>]*>/.exec(document)?.[0] ?? '';
  const missing = namespaces.filter((each) => !tag.includes(each.split('=')[0] ?? ''));
  return `<DTE${missing.join('')}${document.slice('<DTE'.length)}`;
}

const WORDS = {
  es: {
    key: 'no trae clave',
    differs: 'el contenido o la firma fueron alterados',
    elsewhere: 'no firma el documento',
  },
  en: {
    key: 'it carries no key',
    differs: 'content or signature were altered',
    elsewhere: 'it does not sign the document',
  },
} as const;

function language(): 'es' | 'en' {
  return currentContext()?.language ?? 'es';
}
