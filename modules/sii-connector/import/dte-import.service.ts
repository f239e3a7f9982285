import { Injectable } from '@nestjs/common';
import { Records } from '#kernel';
import { documentsOf } from '../dte/dte.reader.js';
import { checkSignatures } from '../dte/dte.signature.js';
import { MAX_XML_BYTES, parseXml, textOfXml } from '../dte/dte.xml.js';
import { LedgerService } from '../ledger/ledger.service.js';
import { copyLine } from '../ledger/staged.js';
import type { StagedDocument } from '../ledger/staged.js';
import { ImportFile } from './import.entity.js';
import type { Findings } from './import.findings.js';
import { NOTHING_READ } from './import.reading.js';
import type { Asked, FileReader, Reading } from './import.reading.js';
import type { SpooledFile } from './spool.js';

/** Envelopes of electronic documents (DTE), with the file kept byte by byte. */
@Injectable()
export class DteImportService implements FileReader {
  constructor(
    private readonly records: Records,
    private readonly ledger: LedgerService,
  ) {}

  async read(file: SpooledFile, asked: Asked, findings: Findings): Promise<Reading> {
    if (file.bytes > MAX_XML_BYTES) {
      findings.error('xml-limit', { row: 0 }, { limit: MAX_XML_BYTES, what: 'bytes' });
      return NOTHING_READ;
    }
    const content = await file.content();
    const text = textOfXml(content, findings);
    const root = text === null ? null : parseXml(text, findings);
    if (text === null || root === null) return NOTHING_READ;
    const documents = documentsOf(root, asked, findings);
    if (findings.errors.length > 0) return NOTHING_READ;
    await checkSignatures(text, findings);
    const count = await this.ledger.stage(linesOf(documents));
    const { importId } = asked;
    const facts = {
      importId,
      origin: 'dte',
      period: null,
      hasSummaries: false,
      isTotals: false,
      hasClaims: true,
    } as const;
    const { added, changed, skipped } = await this.ledger.merge(
      count,
      { ...facts, origin: 'dte' },
      findings,
    );
    if (findings.errors.length > 0) return NOTHING_READ;
    return {
      ...{ period: periodOf(documents), section: asked.section, documents: documents.length },
      ...{ imported: added + changed, changed, skipped },
      keep: () => this.keep(importId, content),
    };
  }

  private async keep(id: string, content: Buffer): Promise<void> {
    await this.records.insert(ImportFile, { id, content });
  }
}

async function* linesOf(documents: readonly StagedDocument[]): AsyncGenerator<string> {
  for (const document of documents) yield copyLine(document);
}

function periodOf(documents: readonly StagedDocument[]): string | null {
  const periods = new Set(documents.map(({ period }) => period));
  return periods.size === 1 ? (documents[0]?.period ?? null) : null;
}
