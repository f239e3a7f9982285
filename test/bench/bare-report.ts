// The least that could be called a collector: a Nest application whose route answers 204.
import 'reflect-metadata';
import { Controller, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

@Controller('csp')
class BareReportController {
  @Post('report')
  @HttpCode(204)
  report(): void {}
}

@Module({ controllers: [BareReportController] })
class BareReportModule {}

const app = await NestFactory.create<NestFastifyApplication>(
  BareReportModule,
  new FastifyAdapter(),
  { logger: false },
);
// Reports come under types that Fastify refuses; here a body is read and thrown away.
app
  .getHttpAdapter()
  .getInstance()
  .addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null));
await app.listen(0, '127.0.0.1');
const address = app.getHttpServer().address();
process.stdout.write(`ready ${typeof address === 'object' && address ? address.port : 0}\n`);
