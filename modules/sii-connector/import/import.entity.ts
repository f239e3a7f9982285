import { Column, Entity } from 'typeorm';
import { CompanyRow, PesosColumn } from '#kernel';
import type { Section } from '../document/document.entity.js';

/** What a file holds. */
export const IMPORT_KINDS = ['rcv-compra', 'rcv-venta', 'dte', 'honorarios'] as const;
export type ImportKind = (typeof IMPORT_KINDS)[number];

/** Something about a row of the file: a fault that refuses the file, or a warning. */
export interface Finding {
  /** The line of the file, or the document's place in the envelope; from 1, 0 for the whole file. */
  readonly row: number;
  readonly column?: string;
  readonly code: string;
  readonly detail: string;
}

/** One file that was taken into the ledger as a whole. */
@Entity('sii_connector_import')
export class Import extends CompanyRow {
  @Column({ type: 'text' })
  kind!: ImportKind;

  /** Null where the documents say it (DTE, fees). */
  @Column({ type: 'text', nullable: true })
  period!: string | null;

  @Column({ type: 'text', nullable: true })
  section!: Section | null;

  @Column({ type: 'text', nullable: true })
  fileName!: string | null;

  @Column({ type: 'text' })
  sha256!: string;

  @PesosColumn()
  bytes!: number;

  @Column({ type: 'text' })
  encoding!: string;

  /** How many the file holds: those imported and those skipped. */
  @Column({ type: 'integer' })
  documents!: number;

  /** New ones, and those that changed. */
  @Column({ type: 'integer' })
  imported!: number;

  @Column({ type: 'integer' })
  changed!: number;

  /** Those that the ledger held already, to the peso. */
  @Column({ type: 'integer' })
  skipped!: number;

  @Column({ type: 'jsonb' })
  warnings!: Finding[];

  @Column({ type: 'uuid', nullable: true })
  importedBy!: string | null;
}

/** The file itself, byte by byte, where what was read of it does not prove it: signed XML. */
@Entity('sii_connector_import_file')
export class ImportFile extends CompanyRow {
  @Column({ type: 'bytea' })
  content!: Buffer;
}
