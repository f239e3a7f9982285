import { Injectable } from '@nestjs/common';
import { Database, PersonalData } from '#kernel';
import type { Erased, HeldRecords, Person } from '#kernel';

const DOCUMENTS = `SELECT book, dte_type, folio, issue_date, counterpart_rut, counterpart_name, total
  FROM sii_connector_document WHERE company_id = $1 AND counterpart_rut = $2 ORDER BY issue_date, id`;

/** Tax papers that name the person as the other party; boletas name nobody. */
@Injectable()
export class SiiPersonalData extends PersonalData {
  constructor(private readonly database: Database) {
    super();
  }

  async held(person: Person): Promise<readonly HeldRecords[]> {
    const rows = await this.documents(person);
    return [{ name: 'documentos_tributarios', title: 'Facturas a su nombre', rows }];
  }

  async erase(person: Person): Promise<readonly Erased[]> {
    const { length: count } = await this.documents(person);
    const keptBy = 'Código Tributario, arts. 17 y 200; DL 825, art. 59 (libros y documentos)';
    return [{ what: 'tax papers in the person’s name', count, keptBy }];
  }

  private async documents({ rut }: Person): Promise<Record<string, unknown>[]> {
    if (rut === null) return [];
    return this.database.rows(DOCUMENTS, [this.database.companyId, rut]);
  }
}
