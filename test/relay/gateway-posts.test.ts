import { ApiGatewayManagementApiClient, DeleteConnectionCommand, GoneException, LimitExceededException, PayloadTooLargeException, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { connectionsEndpoint, gatewayPosts, managementClient } from '#relay/gateway-posts.ts';

const line = () => {
  const mock = mockClient(ApiGatewayManagementApiClient);
  return { mock, posts: gatewayPosts(managementClient('http://127.0.0.1:9/local', true)) };
};
const meta = { message: '', $metadata: {} };

describe('@connections by the SDK', () => {
  it('posts bytes as they are to the connection', async () => {
    const { mock, posts } = line();
    mock.on(PostToConnectionCommand).resolves({});
    expect(await posts.post('abc=', '{"event":"clear"}')).toBe('taken');
    expect(mock.commandCalls(PostToConnectionCommand)[0]!.args[0].input).toEqual({ ConnectionId: 'abc=', Data: Buffer.from('{"event":"clear"}') });
  });

  it('tells a closed connection, too many posts and too large a post from each other, and from failures', async () => {
    const { mock, posts } = line();
    mock.on(PostToConnectionCommand)
      .rejectsOnce(new GoneException(meta)).rejectsOnce(new LimitExceededException(meta)).rejectsOnce(new PayloadTooLargeException(meta))
      .rejectsOnce(Object.assign(new Error('UnknownError'), { $metadata: { httpStatusCode: 410 } })).rejects(new Error('socket hang up'));
    expect([await posts.post('a', ''), await posts.post('a', ''), await posts.post('a', ''), await posts.post('a', '')]).toEqual(['gone', 'busy', 'too-large', 'gone']);
    await expect(posts.post('a', '')).rejects.toThrow('socket hang up');
  });

  it('closes a connection, also one that is closed already', async () => {
    const { mock, posts } = line();
    mock.on(DeleteConnectionCommand).resolvesOnce({}).rejectsOnce(new GoneException(meta)).rejects(new Error('no route'));
    await posts.drop('a');
    await posts.drop('a');
    await expect(posts.drop('a')).rejects.toThrow('no route');
  });

  it('are asked once: what to do about a 429 is not the SDK\'s to say', async () => {
    expect(await managementClient('http://127.0.0.1:9/local', true).config.maxAttempts()).toBe(1);
  });

  it('stand at the host and stage of the media socket', () => {
    expect(connectionsEndpoint('wss://abc.execute-api.eu-west-1.amazonaws.com/prod/')).toBe('https://abc.execute-api.eu-west-1.amazonaws.com/prod');
    expect(connectionsEndpoint('ws://127.0.0.1:3001/local')).toBe('http://127.0.0.1:3001/local');
    expect(connectionsEndpoint('wss://media.example.com')).toBe('https://media.example.com');
  });
});
