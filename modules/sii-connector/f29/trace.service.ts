import { Injectable } from '@nestjs/common';
import { Database, isId, Problem, readReport, Records } from '#kernel';
import type { Page, PageQuery } from '#kernel';
import { FigureService } from '../figure/figure.service.js';
import { formCode } from '../tables/form.js';
import { demandCode } from './code-map.input.js';
import { formulaOf } from './formulas.js';
import { ENTRIES, OWN_SALES } from './ledger-map.js';
import { sqlOfCode } from './ledger-sql.js';
import { F29Return } from './return.entity.js';
import { CodeAbsent } from './return.problems.js';
import { language } from './return.view.js';
import type { TraceDocumentView, TraceView } from './trace.view.js';

const OWN_SALES_CODES: readonly string[] = ['110', '111', '563'];

const IMPORTED_AT = `to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const INSTANT = /^20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}Z$/;

// The order of the index that finds a period's rows.
const AFTER = `($3::timestamptz IS NULL OR (created_at, id) > ($3, $4::uuid))
      ORDER BY created_at, id LIMIT $5`;

/** Explains a code: the documents behind it, or the formula, each with its source. */
@Injectable()
export class TraceService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly figures: FigureService,
  ) {}

  /**
   * Where a code's value comes from. Documents are those of the ledger now; a page at a time.
   *
   * @param named the code, leading zeros or not
   * @throws Problem CodeAbsent, Malformed for no code and a cursor of another list, NotFound
   */
  async trace(id: string, named: string, query: PageQuery): Promise<TraceView> {
    return this.database.transaction(async () => {
      const declared = await this.records.get(F29Return, id);
      const code = demandCode(named);
      const value = declared.codes[code];
      const sql = sqlOfCode(code);
      const formula = formulaOf(code);
      if (!value && !sql && !formula) throw new Problem(CodeAbsent);
      const said = formCode(code);
      const { items, next } = await this.documents(declared, code, query);
      return {
        ...{ code, name: said?.name ?? null, line: said?.line ?? null },
        ...{ value: value?.value ?? null, origin: value?.origin ?? null },
        computed: declared.computed?.[code] ?? null,
        sources: await this.sourcesOf(declared, code),
        formula: formula
          ? {
              ...{ text: formula.text, source: formula.source, proof: formula.proof },
              inputs: formula.inputs
                .filter((each) => each in declared.codes)
                .map((each) => ({ code: each, value: declared.codes[each]?.value ?? null })),
            }
          : null,
        ...{ items, next },
      };
    });
  }

  private async documents(
    declared: F29Return,
    code: string,
    query: PageQuery,
  ): Promise<Page<TraceDocumentView>> {
    if (code === '151') return this.fees(declared, query);
    const sql = sqlOfCode(code);
    if (!sql) return { items: [], next: null };
    const statement = `SELECT id, 'document' AS kind, book, dte_type AS "dteType", folio::float8 AS folio,
        issue_date AS "issueDate", counterpart_rut AS "counterpartRut", documents,
        (${sql.contribution})::float8 AS amount, (${sql.common})::float8 AS "commonUse",
        import_id AS "importId", row_number AS "rowNumber", ${IMPORTED_AT} AS "importedAt"
      FROM sii_connector_document
      WHERE company_id = $1 AND period = $2 AND section = 'REGISTRO' AND NOT claimed
        AND NOT corrects_purchase_invoice AND (${sql.where})
        AND ${AFTER}`;
    return this.page(statement, declared.period, query);
  }

  private async fees({ period }: F29Return, query: PageQuery): Promise<Page<TraceDocumentView>> {
    const statement = `SELECT id, 'fee' AS kind, NULL AS book, NULL AS "dteType",
        number::float8 AS folio, issue_date AS "issueDate", issuer_rut AS "counterpartRut",
        1 AS documents, withheld::float8 AS amount, 0::float8 AS "commonUse",
        import_id AS "importId", row_number AS "rowNumber", ${IMPORTED_AT} AS "importedAt"
      FROM sii_connector_fee
      WHERE company_id = $1 AND period = $2 AND NOT voided AND withheld > 0
        AND ${AFTER}`;
    return this.page(statement, period, query);
  }

  private async page(
    statement: string,
    period: string,
    query: PageQuery,
  ): Promise<Page<TraceDocumentView>> {
    const { companyId } = this.database;
    return readReport<TraceDocumentView>(query, {
      key: ({ importedAt, id }) => [importedAt, id],
      isKey: ([importedAt, id, ...rest]) =>
        rest.length === 0 && isId(id) && INSTANT.test(importedAt ?? ''),
      read: async ([importedAt, id], limit) =>
        this.database.rowsByPlan<TraceDocumentView>(statement, [
          ...[companyId, period, importedAt ?? null, id ?? null, limit],
        ]),
    });
  }

  private async sourcesOf(declared: F29Return, code: string): Promise<string[]> {
    const sources = ENTRIES.filter((entry) => entry.code === code).map(({ source }) => source);
    const figures = await this.figures.figures();
    const told: string[] = [...new Set(sources)];
    const { carried, period } = declared;
    const es = language() === 'es';
    if (code === '504' && carried) {
      const { former, remainder, units, utmBefore, utmNow } = carried;
      told.push(
        es
          ? `remanente ${remainder} de ${former}: / UTM ${utmBefore} = ${units} × UTM ${utmNow} (art. 27 DL 825)`
          : `remainder ${remainder} of ${former}: / UTM ${utmBefore} = ${units} × UTM ${utmNow} (art. 27 DL 825)`,
      );
    }
    const isEstimate = declared.ledger?.some(({ origin }) => origin === OWN_SALES);
    if (isEstimate && OWN_SALES_CODES.includes(code)) {
      told.push(
        es
          ? 'ventas propias de OFITEC, órdenes entregadas como boletas: una estimación'
          : 'OFITEC’s own sales, delivered orders as receipts: an estimate',
      );
    }
    const dated = { '115': 'ppm', '151': 'fee-retention' }[code] as 'ppm' | undefined;
    const figure = dated ? figures.of(dated, period) : null;
    if (figure) told.push(`${figure.value} % desde ${figure.period}: ${figure.source}`);
    if (code === '151') {
      told.push(
        es
          ? 'Retención de terceros de las boletas de honorarios del mes en que se pagan'
          : 'Third parties’ withholding of the fee receipts, in the month of their payment',
      );
    }
    return told;
  }
}
