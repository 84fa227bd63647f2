// The far end of interop-container.test.ts: Tomcat's client. Walks through the endpoints below each URL given, as interop-walk.ts
// does, and prints what it saw as JSON, an array with one report for each URL.
import jakarta.websocket.ClientEndpoint;
import jakarta.websocket.ClientEndpointConfig;
import jakarta.websocket.CloseReason;
import jakarta.websocket.CloseReason.CloseCodes;
import jakarta.websocket.ContainerProvider;
import jakarta.websocket.Decoder;
import jakarta.websocket.DeploymentException;
import jakarta.websocket.Encoder;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.Extension;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.OnMessage;
import jakarta.websocket.PongMessage;
import jakarta.websocket.Session;
import jakarta.websocket.WebSocketContainer;
import java.io.PrintStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import static java.nio.charset.StandardCharsets.UTF_8;

public class Peer {
  static final int LARGE = 1_048_576;
  static final WebSocketContainer container = ContainerProvider.getWebSocketContainer();
  // Tomcat's client offers only what its user names.
  static final List<Extension> deflate = container.getInstalledExtensions().stream().toList();

  public static void main(String[] urls) throws Exception {
    container.setDefaultMaxTextMessageBufferSize(LARGE);
    container.setDefaultMaxBinaryMessageBufferSize(LARGE);
    List<Object> reports = new ArrayList<>();
    for (String url : urls) reports.add(walk(url));
    new PrintStream(System.out, true, UTF_8).println(json(reports));
    System.exit(0);
  }

  static Map<String, Object> walk(String base) throws Exception {
    Map<String, Object> report = new LinkedHashMap<>();
    echo(base, report);
    report.put("heard", asked(base + "/rooms/k%C3%BCche%2Fbad?name=ann", "hello").get(0));
    report.put("sums", sums(base));
    parts(base, report);
    fragments(base, report);

    List<String> closes = new ArrayList<>();
    for (String request : List.of("1000", "1001 going", "1011 größer", "4999 mine", "x".repeat(101), "terminate")) {
      Talk closing = new Talk(base + "/closing");
      closing.session.getBasicRemote().sendText(request);
      closes.add(closing.end());
    }
    report.put("closes", closes);

    List<String> members = new ArrayList<>();
    try {
      members.add("let in by " + new Talk(base + "/members").session.getRequestURI());
    } catch (DeploymentException refused) {
      members.add(refused.getMessage().replaceAll("\\D*(\\d{3})\\D*", "$1"));
    }
    members.add(new Talk(base + "/members?token=old").end());
    members.addAll(asked(base + "/members?token=ann", "hello"));
    report.put("members", members);
    return report;
  }

  static void echo(String base, Map<String, Object> report) throws Exception {
    Talk talk = new Talk(base + "/echo", "a", "b");
    report.put("subprotocol", talk.session.getNegotiatedSubprotocol());
    report.put("extensions", talk.session.getNegotiatedExtensions().stream().map(Extension::getName).toList());
    List<String> echoed = new ArrayList<>();
    for (Object sent : List.of("", "Hello", "κόσμε 🎈", bytes(0), bytes(256), "z".repeat(70_000),
        "κόσμε 🎈 ".repeat(20_000), bytes(LARGE))) {
      if (sent instanceof String text) {
        talk.session.getBasicRemote().sendText(text);
        echoed.add("text " + (sent.equals(talk.next()) ? text.length() : "differs"));
      } else if (sent instanceof ByteBuffer data) {
        talk.session.getBasicRemote().sendBinary(data.duplicate());
        echoed.add("bytes " + (sent.equals(talk.next()) ? data.limit() : "differs"));
      }
    }
    report.put("echoed", echoed);
    talk.session.getBasicRemote().sendPing(ByteBuffer.wrap("are you there?".getBytes(UTF_8)));
    report.put("pong", talk.next());
    talk.session.close(new CloseReason(CloseCodes.getCloseCode(3001), "größer"));
  }

  record Pair(int a, int b) {}

  record Sum(int sum) {}

  public static class PairEncoder implements Encoder.Text<Pair> {
    @Override public String encode(Pair pair) {
      return "{\"a\":%d,\"b\":%d}".formatted(pair.a, pair.b);
    }
  }

  public static class SumDecoder implements Decoder.Text<Sum> {
    static final Pattern sum = Pattern.compile("\\{\"sum\":(\\d+)}");

    @Override public boolean willDecode(String text) {
      return sum.matcher(text).matches();
    }

    @Override public Sum decode(String text) {
      return new Sum(Integer.parseInt(sum.matcher(text).replaceAll("$1")));
    }
  }

  /** An annotated client endpoint, with an encoder and a decoder opposite ours. */
  @ClientEndpoint(encoders = PairEncoder.class, decoders = SumDecoder.class)
  public static class Adding {
    final BlockingQueue<Sum> sums = new LinkedBlockingQueue<>();

    @OnMessage public void sum(Sum sum) {
      sums.add(sum);
    }
  }

  static List<String> sums(String base) throws Exception {
    Adding adding = new Adding();
    Session session = container.connectToServer(adding, URI.create(base + "/sums"));
    session.getBasicRemote().sendObject(new Pair(19, 23));
    Sum sum = adding.sums.poll(10, TimeUnit.SECONDS);
    session.close();
    List<String> answers = new ArrayList<>(List.of("{\"sum\":%d}".formatted(sum.sum)));
    answers.addAll(asked(base + "/sums", "{\"a\":"));
    return answers;
  }

  static void parts(String base, Map<String, Object> report) throws Exception {
    Talk talk = new Talk(base + "/parts");
    ByteBuffer upload = bytes(500_000);
    talk.session.getBasicRemote().sendBinary(upload.slice(0, 300_000), false);
    talk.session.getBasicRemote().sendBinary(upload.slice(300_000, 200_000), true);
    report.put("uploaded", talk.next());
    talk.session.getBasicRemote().sendText("frag", false);
    talk.session.getBasicRemote().sendText("men", false);
    talk.session.getBasicRemote().sendText("ted", true);
    report.put("parts", talk.next());
    talk.session.close();
  }

  static void fragments(String base, Map<String, Object> report) throws Exception {
    Talk talk = new Talk(base + "/fragments");
    List<String> parts = new ArrayList<>();
    talk.session.removeMessageHandler(talk.onText);
    talk.session.addMessageHandler(String.class, (part, isLast) -> {
      parts.add(part);
      if (isLast) talk.arrived.add(String.join("", parts));
    });
    talk.session.getBasicRemote().sendText("one two three");
    String whole = (String) talk.next();
    report.put("fragmentCalls", parts.size());
    parts.clear();
    talk.session.getBasicRemote().sendText("the last pong?");
    report.put("fragments", List.of(whole, talk.next()));
    talk.session.close();
  }

  /** A programmatic client endpoint: one session, and what arrived in it. */
  static class Talk extends Endpoint {
    final BlockingQueue<Object> arrived = new LinkedBlockingQueue<>();
    final CompletableFuture<CloseReason> closed = new CompletableFuture<>();
    final MessageHandler.Whole<String> onText = arrived::add;
    final Session session;

    Talk(String url, String... subprotocols) throws Exception {
      ClientEndpointConfig config = ClientEndpointConfig.Builder.create()
          .preferredSubprotocols(List.of(subprotocols)).extensions(deflate).build();
      session = container.connectToServer(this, config, URI.create(url));
    }

    @Override public void onOpen(Session opened, EndpointConfig config) {
      opened.addMessageHandler(String.class, onText);
      opened.addMessageHandler(ByteBuffer.class, data -> arrived.add(ByteBuffer.allocate(data.remaining()).put(data).flip()));
      opened.addMessageHandler(PongMessage.class, pong -> arrived.add(UTF_8.decode(pong.getApplicationData()).toString()));
    }

    @Override public void onClose(Session session, CloseReason reason) {
      closed.complete(reason);
    }

    Object next() throws InterruptedException {
      Object message = arrived.poll(10, TimeUnit.SECONDS);
      return message == null ? "nothing" : message;
    }

    String end() throws Exception {
      CloseReason reason = closed.get(10, TimeUnit.SECONDS);
      String phrase = reason.getReasonPhrase();
      return reason.getCloseCode().getCode() + (phrase == null ? "" : " " + phrase);
    }
  }

  static List<String> asked(String url, String... messages) throws Exception {
    Talk talk = new Talk(url);
    List<String> answers = new ArrayList<>();
    for (String message : messages) {
      talk.session.getBasicRemote().sendText(message);
      answers.add((String) talk.next());
    }
    talk.session.close();
    return answers;
  }

  static ByteBuffer bytes(int length) {
    ByteBuffer data = ByteBuffer.allocate(length);
    for (int index = 0; index < length; index++) data.put(index, (byte) (index % 251));
    return data;
  }

  static String json(Object value) {
    if (value instanceof Map<?, ?> map) {
      return map.entrySet().stream().map(entry -> json(entry.getKey()) + ":" + json(entry.getValue()))
          .collect(Collectors.joining(",", "{", "}"));
    }
    if (value instanceof List<?> list) {
      return list.stream().map(Peer::json).collect(Collectors.joining(",", "[", "]"));
    }
    if (value instanceof Integer) return value.toString();
    return '"' + value.toString().replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
  }
}
