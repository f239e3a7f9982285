import { Injectable } from '@nestjs/common';
import { Database, defineList, Records } from '#kernel';
import type { Page } from '#kernel';
import { BOOKS, Document, SECTIONS } from './document.entity.js';

export const documentList = defineList<Document>({
  entity: Document,
  filters: {
    ...{ period: 'text', book: BOOKS, section: SECTIONS, dteType: 'integer' },
    ...{ folio: 'integer', counterpartRut: 'text', importId: 'id' },
  },
  sorts: ['createdAt'],
  sort: '-createdAt',
});

/** The documents of the ledger. */
@Injectable()
export class DocumentService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Document>> {
    return this.database.transaction(() => this.records.page(documentList, query));
  }

  async show(id: string): Promise<Document> {
    return this.database.transaction(() => this.records.get(Document, id));
  }
}
