// The local API Gateway stand-in as a process of its own, started by bin/local.ts: what it is to do stands in GATEWAY_SOCKET_OPTIONS, as JSON.
import { dieWithParent, tellReady } from '../process/parent.ts';
import { portTaken } from '../gateway/port.ts';
import { startGatewaySocket, type GatewaySocketOptions } from './start.ts';

try {
  const gateway = await startGatewaySocket(JSON.parse(process.env['GATEWAY_SOCKET_OPTIONS'] ?? '{}') as GatewaySocketOptions);
  dieWithParent(() => gateway.stop());
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void gateway.stop().then(() => process.exit(0)));
  tellReady({ port: gateway.port, url: gateway.url });
} catch (error) {
  process.stderr.write(`${portTaken(error, 'RELAY_PORT').message}\n`);
  process.exit(1);
}
