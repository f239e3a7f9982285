import { Injectable } from '@nestjs/common';
import { LedgerService } from '../ledger/ledger.service.js';
import { RcvReader } from '../rcv/rcv.reader.js';
import type { Findings } from './import.findings.js';
import { NOTHING_READ } from './import.reading.js';
import type { Asked, FileReader, Reading } from './import.reading.js';
import type { SpooledFile } from './spool.js';

/** Files of the RCV, of any size in bounded memory. */
@Injectable()
export class RcvImportService implements FileReader {
  constructor(private readonly ledger: LedgerService) {}

  async read(
    file: SpooledFile,
    asked: Asked,
    findings: Findings,
    progress: (bytesRead: number, bytes: number) => void,
  ): Promise<Reading> {
    const reader = new RcvReader(asked, findings);
    const count = await this.ledger.stage(linesOf(reader, file, progress));
    if (findings.errors.length > 0) return NOTHING_READ;
    const period = asked.period ?? periodOf(reader, asked);
    if (period === null) {
      findings.error('period-unknown', { row: 0 });
      return NOTHING_READ;
    }
    this.demandOwner(reader, asked, findings);
    const { early, hasSummaries, isTotals, elsewhere } = reader;
    if (early > 0) findings.warn('date-before-period', { row: 0 }, { count: early, period });
    if (elsewhere.size > 0) {
      const types = [...elsewhere].sort((a, b) => a - b).join(', ');
      findings.warn('summed-elsewhere', { row: 0 }, { types });
    }
    const facts = {
      ...({ importId: asked.importId, origin: 'rcv', hasSummaries, isTotals } as const),
      period: asked.period === null ? period : null,
      hasClaims: reader.hasClaims || reader.hasReferences,
    };
    await this.ledger.compareIssuer(asked, findings);
    const { added, changed, skipped } = await this.ledger.merge(count, facts, findings);
    if (findings.errors.length > 0) return NOTHING_READ;
    return {
      ...{ period, section: reader.sectionRead, documents: reader.documents },
      ...{ imported: added + changed, changed, skipped },
    };
  }

  /** An RCV does not say whose it is; one that names us as the other side is another one's. */
  private demandOwner(reader: RcvReader, { kind, own, mine }: Asked, findings: Findings): void {
    const { ownRows: count, firstOwnRow: row } = reader;
    if (count === 0) return;
    // A shop may sell to itself on paper; that it buys from itself is hardly ever so.
    findings.doubt('own-counterpart', { row }, { own, count }, mine || kind === 'rcv-venta');
  }
}

async function* linesOf(
  reader: RcvReader,
  file: SpooledFile,
  progress: (bytesRead: number, bytes: number) => void,
): AsyncGenerator<string> {
  for await (const { text, bytesRead } of file.texts()) {
    const lines = reader.push(text);
    if (reader.isOver) return;
    progress(bytesRead, file.bytes);
    if (lines !== '') yield lines;
  }
  yield reader.end();
}

/** Sales are registered in the month of their issue; purchases in that of their acceptance. */
function periodOf(reader: RcvReader, { kind }: Asked): string | null {
  const [month = null, ...others] = reader.months;
  return kind === 'rcv-venta' && others.length === 0 ? month : null;
}
