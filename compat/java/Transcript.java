// Runs Apache Kafka's own command line tools as a transcript says and checks what they print.
//
// Each tool is its real main() with the arguments a user would type. To save the start of sixty
// JVMs the tools of ">" lines run inside this one, one after the other; those of "$" and "&" lines
// run as processes of their own, as a user runs them. A transcript is read line by line:
//
//   test TITLE           begins a test; it ends with the first expectation that fails
//   > TOOL ARGS          runs a tool here            $ TOOL ARGS    runs it in a JVM of its own
//   & NAME TOOL ARGS     starts one in the background stop NAME     ends it with SIGTERM
//   < LINE               a line of its input (\t is a tab)
//   = LINE               a line that must be printed (space around it aside)
//   ~ REGEX              must be found               ! REGEX        must not be found
//   exit CODE            the tool's exit code, 0 unless said
//   within SECONDS       repeat the tool until everything holds
//   file PATH            writes the "<" lines that follow to a file
//   now NAME             sets $NAME to the time in milliseconds
//
// $broker is the address, $host and $port its parts, $dir a folder, $run a word of this run alone.

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.kafka.common.utils.Exit;

public class Transcript {
  static final Map<String, String> TOOLS = Map.ofEntries(
      Map.entry("kafka-broker-api-versions", "org.apache.kafka.tools.BrokerApiVersionsCommand"),
      Map.entry("kafka-cluster", "org.apache.kafka.tools.ClusterTool"),
      Map.entry("kafka-configs", "kafka.admin.ConfigCommand"),
      Map.entry("kafka-console-consumer", "org.apache.kafka.tools.consumer.ConsoleConsumer"),
      Map.entry("kafka-console-producer", "org.apache.kafka.tools.ConsoleProducer"),
      Map.entry("kafka-consumer-groups",
          "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"),
      Map.entry("kafka-consumer-perf-test", "org.apache.kafka.tools.ConsumerPerformance"),
      Map.entry("kafka-delete-records", "org.apache.kafka.tools.DeleteRecordsCommand"),
      Map.entry("kafka-features", "org.apache.kafka.tools.FeatureCommand"),
      Map.entry("kafka-get-offsets", "org.apache.kafka.tools.GetOffsetShell"),
      Map.entry("kafka-leader-election", "org.apache.kafka.tools.LeaderElectionCommand"),
      Map.entry("kafka-log-dirs", "org.apache.kafka.tools.LogDirsCommand"),
      Map.entry("kafka-metadata-quorum", "org.apache.kafka.tools.MetadataQuorumCommand"),
      Map.entry("kafka-producer-perf-test", "org.apache.kafka.tools.ProducerPerformance"),
      Map.entry("kafka-reassign-partitions",
          "org.apache.kafka.tools.reassign.ReassignPartitionsCommand"),
      Map.entry("kafka-topics", "org.apache.kafka.tools.TopicCommand"),
      Map.entry("kafka-transactions", "org.apache.kafka.tools.TransactionsCommand"),
      Map.entry("kafka-verifiable-producer", "org.apache.kafka.tools.VerifiableProducer"));

  static final PrintStream SCREEN = System.out;
  static final int TOOL_SECONDS_MAX = 90;

  final Map<String, String> variables = new TreeMap<>();
  final Map<String, Process> background = new TreeMap<>();
  int passed = 0;
  final List<String> failed = new ArrayList<>();

  /** A tool's call with its input and what is expected of it. */
  static class Call {
    char where;
    String line;
    List<String> input = new ArrayList<>();
    List<String> expectations = new ArrayList<>();
    int exit = 0;
    int within = 0;
  }

  record Result(int exit, String output) {}

  static class Exited extends Error {}

  public static void main(String[] args) throws Exception {
    Transcript run = new Transcript();
    String broker = System.getenv("BROKER");
    run.variables.put("broker", broker);
    run.variables.put("host", broker.substring(0, broker.lastIndexOf(':')));
    run.variables.put("port", broker.substring(broker.lastIndexOf(':') + 1));
    run.variables.put("dir", Files.createTempDirectory("klamm-java-").toString());
    run.variables.put("run", Long.toString(System.currentTimeMillis() % 100_000_000, 36));
    for (String file : args) {
      run.play(Files.readAllLines(Path.of(file)));
    }
    run.background.values().forEach(Process::destroyForcibly);
    try (var left = Files.walk(Path.of(run.variables.get("dir")))) {
      left.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
    }
    SCREEN.println("java: " + run.passed + " passed, " + run.failed.size() + " failed");
    System.exit(run.failed.isEmpty() ? 0 : 1);
  }

  /** Splits the transcript into tests, and a test into steps, and runs them. */
  void play(List<String> lines) throws Exception {
    String title = null;
    List<String> body = new ArrayList<>();
    for (String line : lines) {
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      if (line.startsWith("test ")) {
        runTest(title, body);
        title = line.substring(5);
        body = new ArrayList<>();
      } else {
        body.add(line);
      }
    }
    runTest(title, body);
  }

  void runTest(String title, List<String> body) throws Exception {
    if (title == null) {
      return;
    }
    long began = System.currentTimeMillis();
    String problem = null;
    for (int at = 0; at < body.size() && problem == null; ) {
      int end = at + 1;
      while (end < body.size() && !isStep(body.get(end))) {
        end++;
      }
      problem = runStep(body.subList(at, end));
      at = end;
    }
    double seconds = (System.currentTimeMillis() - began) / 1000.0;
    SCREEN.printf("%s %5.1f s  %s%n", problem == null ? "ok    " : "FAILED", seconds, title);
    if (problem == null) {
      passed++;
    } else {
      failed.add(title);
      SCREEN.println(problem.indent(6).stripTrailing());
    }
    SCREEN.flush();
  }

  static boolean isStep(String line) {
    return ">$&".indexOf(line.charAt(0)) >= 0 || line.matches("(stop|file|now) .*");
  }

  /** Runs one step and returns what is wrong, or null. */
  String runStep(List<String> step) throws Exception {
    String head = step.get(0);
    String rest = fill(head.substring(head.indexOf(' ') + 1));
    if (head.startsWith("now ")) {
      variables.put(rest, Long.toString(System.currentTimeMillis()));
      return null;
    }
    if (head.startsWith("stop ")) {
      Process process = background.remove(rest);
      process.destroy();
      return process.waitFor(30, TimeUnit.SECONDS) ? null : rest + " does not stop";
    }
    Call call = readCall(head.charAt(0), rest, step.subList(1, step.size()));
    if (head.startsWith("file ")) {
      Files.write(Path.of(rest), call.input);
      return null;
    }
    if (call.where == '&') {
      String name = rest.substring(0, rest.indexOf(' '));
      Path input = Files.write(temporary(name + ".in"), inputOf(call));
      String line = rest.substring(rest.indexOf(' ') + 1);
      background.put(name, start(line, input, temporary(name + ".out")));
      return null;
    }
    long deadline = System.currentTimeMillis() + call.within * 1000L;
    while (true) {
      Result result = call.where == '>' ? runHere(call) : runAsProcess(call);
      String problem = check(call, result);
      if (problem == null || System.currentTimeMillis() > deadline) {
        return problem;
      }
      Thread.sleep(300);
    }
  }

  Call readCall(char where, String line, List<String> details) {
    Call call = new Call();
    call.where = where;
    call.line = line;
    for (String detail : details) {
      String text = fill(detail.length() > 2 ? detail.substring(2) : "");
      switch (detail.charAt(0)) {
        case '<' -> call.input.add(text.replace("\\t", "\t"));
        case '=', '~', '!' -> call.expectations.add(detail.charAt(0) + text);
        default -> {
          int number = Integer.parseInt(detail.substring(detail.indexOf(' ') + 1).trim());
          if (detail.startsWith("exit ")) {
            call.exit = number;
          } else if (detail.startsWith("within ")) {
            call.within = number;
          } else {
            throw new IllegalArgumentException("not understood: " + detail);
          }
        }
      }
    }
    return call;
  }

  String fill(String text) {
    for (Map.Entry<String, String> variable : variables.entrySet()) {
      text = text.replace("$" + variable.getKey(), variable.getValue());
    }
    return text;
  }

  static String check(Call call, Result result) {
    List<String> wrong = new ArrayList<>();
    if (result.exit != call.exit) {
      wrong.add("exit code " + result.exit + " instead of " + call.exit);
    }
    for (String expectation : call.expectations) {
      String text = expectation.substring(1);
      boolean found = expectation.charAt(0) == '='
          ? result.output.lines().anyMatch(line -> line.strip().equals(text.strip()))
          : Pattern.compile(text, Pattern.MULTILINE).matcher(result.output).find();
      if (found == (expectation.charAt(0) == '!')) {
        wrong.add((found ? "should not be there: " : "missing: ") + text);
      }
    }
    if (wrong.isEmpty()) {
      return null;
    }
    return String.join("\n", wrong) + "\nof: " + call.line + "\nwhich printed:\n"
        + result.output.indent(2).stripTrailing();
  }

  /** Splits at spaces; 'single quotes' keep a word together. */
  static List<String> words(String line) {
    List<String> words = new ArrayList<>();
    var matcher = Pattern.compile("((?:'[^']*'|[^\\s'])+)").matcher(line);
    while (matcher.find()) {
      words.add(matcher.group().replace("'", ""));
    }
    return words;
  }

  static String mainClass(String tool) {
    String name = TOOLS.get(tool);
    if (name == null) {
      throw new IllegalArgumentException("no such tool: " + tool);
    }
    return name;
  }

  /** Runs a tool's main() in this JVM: its exit ends the call instead of the JVM. */
  static Result runHere(Call call) throws Exception {
    List<String> words = words(call.line);
    var main = Class.forName(mainClass(words.get(0))).getMethod("main", String[].class);
    Integer[] code = {null};
    Exit.Procedure leave = (status, message) -> {
      code[0] = code[0] == null ? (Integer) status : code[0];
      throw new Exited();
    };
    Exit.setExitProcedure(leave);
    Exit.setHaltProcedure(leave);
    // What a tool leaves to the end of its JVM (closing a producer, say) is done when it ends.
    List<Runnable> hooks = new ArrayList<>();
    Exit.setShutdownHookAdder((name, hook) -> hooks.add(hook));
    InputStream input = System.in;
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    PrintStream printer = new PrintStream(output, true, StandardCharsets.UTF_8);
    System.setIn(new ByteArrayInputStream(inputOf(call)));
    System.setOut(printer);
    System.setErr(printer);
    Thread thread = new Thread(() -> {
      try {
        main.invoke(null, (Object) words.subList(1, words.size()).toArray(new String[0]));
      } catch (java.lang.reflect.InvocationTargetException e) {
        if (!(e.getCause() instanceof Exited)) {
          e.getCause().printStackTrace(printer);
          code[0] = code[0] == null ? (Integer) 1 : code[0];
        }
      } catch (ReflectiveOperationException e) {
        e.printStackTrace(printer);
      }
      hooks.forEach(Runnable::run);
    });
    thread.setDaemon(true);
    thread.start();
    thread.join(TOOL_SECONDS_MAX * 1000L);
    boolean hangs = thread.isAlive();
    System.setIn(input);
    System.setOut(SCREEN);
    System.setErr(SCREEN);
    String text = output.toString(StandardCharsets.UTF_8);
    if (hangs) {
      thread.interrupt();
      return new Result(-1, text + "\n(no end after " + TOOL_SECONDS_MAX + " s)");
    }
    return new Result(code[0] == null ? 0 : code[0], text);
  }

  static byte[] inputOf(Call call) {
    String text = call.input.isEmpty() ? "" : String.join("\n", call.input) + "\n";
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Starts a tool in a JVM of its own, reading `input` and writing to `output`. */
  static Process start(String line, Path input, Path output) throws Exception {
    List<String> words = words(line);
    List<String> command = new ArrayList<>(List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
        "-cp", System.getProperty("java.class.path"), mainClass(words.get(0))));
    command.addAll(words.subList(1, words.size()));
    return new ProcessBuilder(command).redirectErrorStream(true)
        .redirectInput(input.toFile()).redirectOutput(output.toFile()).start();
  }

  Path temporary(String name) {
    return Path.of(variables.get("dir"), name);
  }

  Result runAsProcess(Call call) throws Exception {
    Path input = Files.write(temporary("tool.in"), inputOf(call));
    Path output = temporary("tool.out");
    Process process = start(call.line, input, output);
    boolean ended = process.waitFor(TOOL_SECONDS_MAX, TimeUnit.SECONDS);
    process.destroyForcibly().waitFor();
    return new Result(ended ? process.exitValue() : -1, Files.readString(output));
  }
}
