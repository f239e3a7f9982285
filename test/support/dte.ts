import { generateKeyPairSync } from 'node:crypto';
import { SignedXml } from 'xml-crypto';

const C14N = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315';
const RSA_SHA1 = 'http://www.w3.org/2000/09/xmldsig#rsa-sha1';
const SHA1 = 'http://www.w3.org/2000/09/xmldsig#sha1';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** What a test says of a document; the rest is an ordinary invoice of 10.000 net. */
export interface Dte {
  readonly type: number;
  readonly folio: number;
  readonly from: string;
  readonly to: string;
  readonly day?: string;
  readonly totals?: string;
  readonly more?: string;
  readonly id?: string;
  readonly name?: string;
}

/** One document, unsigned. */
export function dteOf(dte: Dte): string {
  const { type, folio, from, to, day = '2026-10-05' } = dte;
  const body = type >= 110 ? 'Exportaciones' : type === 43 ? 'Liquidacion' : 'Documento';
  const totals =
    dte.totals ??
    '<MntNeto>10000</MntNeto><MntExe>0</MntExe><TasaIVA>19</TasaIVA><IVA>1900</IVA><MntTotal>11900</MntTotal>';
  return (
    `<DTE xmlns="http://www.sii.cl/SiiDte" version="1.0"><${body} ID="F${folio}T${type}"><Encabezado>` +
    `<IdDoc><TipoDTE>${type}</TipoDTE><Folio>${folio}</Folio><FchEmis>${day}</FchEmis>${dte.id ?? ''}</IdDoc>` +
    `<Emisor><RUTEmisor>${from}</RUTEmisor><RznSoc>${dte.name ?? 'Insumos Uno SpA'}</RznSoc></Emisor>` +
    `<Receptor><RUTRecep>${to}</RUTRecep><RznSocRecep>Hotel Dos &amp; C\u00eda</RznSocRecep></Receptor>` +
    `<Totales>${totals}</Totales></Encabezado>${dte.more ?? ''}</${body}></DTE>`
  );
}

/** The document with the signature that the SII's format puts into it. */
export function signed(dte: string): string {
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const number = (text: string): string => Buffer.from(text, 'base64url').toString('base64');
  const signer = new SignedXml({
    privateKey,
    canonicalizationAlgorithm: C14N,
    signatureAlgorithm: RSA_SHA1,
    getKeyInfoContent: () =>
      `<KeyValue><RSAKeyValue><Modulus>${number(n)}</Modulus><Exponent>${number(e)}</Exponent></RSAKeyValue></KeyValue>`,
  });
  signer.addReference({
    xpath: "//*[local-name(.)='Documento' or local-name(.)='Exportaciones']",
    transforms: [C14N],
    digestAlgorithm: SHA1,
  });
  signer.idAttributes = ['ID'];
  signer.computeSignature(dte);
  return signer.getSignedXml();
}

/** Documents in an envelope, as bytes in ISO-8859-1. */
export function envelopeOf(...dtes: readonly string[]): Buffer {
  const text =
    '<?xml version="1.0" encoding="ISO-8859-1"?>\n<EnvioDTE xmlns="http://www.sii.cl/SiiDte" ' +
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="1.0"><SetDTE ID="SetDoc">' +
    `<Caratula version="1.0"><TmstFirmaEnv>2026-10-05T10:00:00</TmstFirmaEnv></Caratula>${dtes.join('')}` +
    '</SetDTE></EnvioDTE>';
  return Buffer.from(text, 'latin1');
}
