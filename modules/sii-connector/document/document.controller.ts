import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, Answers, Id, Lists, mapPage } from '#kernel';
import type { Page } from '#kernel';
import { documentList, DocumentService } from './document.service.js';
import { DocumentView } from './document.view.js';

@ApiTags('sii-connector')
@Controller('api/v1/sii-connector/documents')
export class DocumentController {
  constructor(private readonly documents: DocumentService) {}

  @Get()
  @Allow('sii-connector.document.read')
  @Lists(DocumentView, documentList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<DocumentView>> {
    return mapPage(await this.documents.list(query), DocumentView.of);
  }

  @Get(':id')
  @Allow('sii-connector.document.read')
  @Answers(DocumentView)
  async show(@Id() id: string): Promise<DocumentView> {
    return DocumentView.of(await this.documents.show(id));
  }
}
