// Who takes calls over from the agent, by carrier, and whether a call can get there at all.
import type { CarrierName } from '#calls/lead.ts';
import type { Env } from '#house/env.ts';

/** EXOTEL_CONNECT_NUMBERS is the older word for Exotel's. None: nobody takes over. */
export const transferNumbers = (env: Pick<Env, 'TRANSFER_NUMBERS' | 'EXOTEL_CONNECT_NUMBERS'>): Record<CarrierName, readonly string[]> =>
  ({ twilio: env.TRANSFER_NUMBERS ?? [], exotel: env.EXOTEL_CONNECT_NUMBERS ?? env.TRANSFER_NUMBERS ?? [] });

/**
 * Whether the call can go on to a person when its stream ends. Exotel's does in a flow only, whose next applets are a Passthru and a Connect: calls in
 * always are in one, calls out where they are placed into one.
 */
export const canTransfer = (env: Pick<Env, 'TRANSFER_NUMBERS' | 'EXOTEL_CONNECT_NUMBERS' | 'EXOTEL_FLOW_ID' | 'EXOTEL_CALL_FLOW_URL'>) =>
  (carrier: CarrierName, direction: 'outbound' | 'inbound'): boolean => {
    const inFlow = carrier !== 'exotel' || direction === 'inbound' || (env.EXOTEL_FLOW_ID ?? env.EXOTEL_CALL_FLOW_URL) !== undefined;
    return inFlow && transferNumbers(env)[carrier].length > 0;
  };
