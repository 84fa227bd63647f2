// The container beside NestJS, whose modules make the endpoint's instances: one per connection, with what they inject.
// In this folder because NestJS needs `experimentalDecorators`; those of the container work with both kinds.
import 'reflect-metadata';
import { type Configurator, EndpointContainer, OnMessage, ServerEndpoint } from '@longwire/endpoint';
import { Controller, Get, Inject, Injectable, Module } from '@nestjs/common';
import { ModuleRef, NestFactory } from '@nestjs/core';

@Injectable()
class Parrot {
  repeat(message: string): string {
    return message;
  }
}

@Controller()
class Pages {
  @Get()
  index(): string {
    return 'Hello from NestJS';
  }
}

@Module({ controllers: [Pages], providers: [Parrot] })
class AppModule {}

class NestConfigurator implements Configurator<Echo> {
  createInstance(endpointClass: new (parrot: Parrot) => Echo): Promise<Echo> {
    return app.get(ModuleRef).create(endpointClass);
  }
}

@ServerEndpoint('/echo', { configurator: NestConfigurator })
class Echo {
  readonly #parrot: Parrot;

  constructor(@Inject(Parrot) parrot: Parrot) {
    this.#parrot = parrot;
  }

  @OnMessage()
  text(message: string): string {
    return this.#parrot.repeat(message);
  }
}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
export const container = new EndpointContainer();
container.add(Echo);
export const server = app.getHttpServer();
container.attach(server);
await app.listen(Number(process.env['PORT'] ?? 3000));
console.log(container.describe());
