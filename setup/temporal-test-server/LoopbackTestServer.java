import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.temporal.internal.testservice.GRPCServerHelper;
import io.temporal.internal.testservice.TestServicesStarter;
import java.net.InetSocketAddress;
import java.util.List;

/** The time-skipping test server on the loopback address; the stock main listens on every address of the machine. */
public final class LoopbackTestServer {
  /** Arguments as the SDK gives them: the port, then optionally --enable-time-skipping. */
  public static void main(String[] arguments) throws Exception {
    int port = Integer.parseInt(arguments[0]);
    boolean lockTime = !List.of(arguments).contains("--enable-time-skipping");
    TestServicesStarter services = new TestServicesStarter(lockTime, System.currentTimeMillis());
    NettyServerBuilder builder = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", port));
    GRPCServerHelper.registerServicesAndHealthChecks(services.getServices(), builder);
    builder.build().start().awaitTermination();
  }
}
