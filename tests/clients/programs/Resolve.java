// Resolve address|v4|v6|srv NAME: InetAddress for address, JNDI for the rest.
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Hashtable;
import javax.naming.NameNotFoundException;
import javax.naming.directory.Attribute;
import javax.naming.directory.InitialDirContext;

public class Resolve {
    public static void main(String[] words) throws Exception {
        try {
            if (words[0].equals("address")) {
                for (InetAddress found : InetAddress.getAllByName(words[1])) System.out.println(found.getHostAddress());
                return;
            }
            Hashtable<String, String> settings = new Hashtable<>();
            settings.put("java.naming.factory.initial", "com.sun.jndi.dns.DnsContextFactory");
            settings.put("java.naming.provider.url", "dns:");
            String type = words[0].equals("v4") ? "A" : words[0].equals("v6") ? "AAAA" : "SRV";
            Attribute found = new InitialDirContext(settings).getAttributes(words[1], new String[] {type}).get(type);
            if (found == null) System.out.println("absent");
            for (int at = 0; found != null && at < found.size(); at++) System.out.println(found.get(at));
        } catch (UnknownHostException | NameNotFoundException fault) {
            System.out.println("absent");
        }
    }
}
