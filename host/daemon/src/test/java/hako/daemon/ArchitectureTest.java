package hako.daemon;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The arrows of docs/architecture.md. */
class ArchitectureTest {
    private static final JavaClasses HAKO = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("hako");

    @Test
    void onlyTheDaemonSeesTheDaemon() {
        noClasses()
                .that()
                .resideOutsideOfPackage("hako.daemon")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("hako.daemon")
                .check(HAKO);
    }

    @Test
    void theCoreKnowsNoDoorAndNoRegistry() {
        noClasses()
                .that()
                .resideInAPackage("hako.sandbox")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("hako.cli", "hako.oci", "hako.door", "hako.doorstep", "hako.image")
                .check(HAKO);
    }

    @Test
    void doorsDoNotKnowEachOther() {
        noClasses()
                .that()
                .resideInAPackage("hako.cli")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("hako.oci")
                .check(HAKO);
        noClasses()
                .that()
                .resideInAPackage("hako.oci")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("hako.cli", "hako.image")
                .check(HAKO);
    }

    @Test
    void vmStorageAndNetworkKnowNothingAboveThem() {
        noClasses()
                .that()
                .resideInAnyPackage("hako.vm..", "hako.storage", "hako.network")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "hako.sandbox",
                        "hako.cli",
                        "hako.oci",
                        "hako.door",
                        "hako.image",
                        "hako.agent..",
                        "hako.doorstep")
                .check(HAKO);
    }

    @Test
    void nothingAboveTheVmKnowsWhichVmmItIs() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "hako.sandbox", "hako.cli", "hako.oci", "hako.image", "hako.network", "hako.storage")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("hako.vm.qemu")
                .check(HAKO);
    }

    @Test
    void nativeCodeIsCalledInLinuxOnly() {
        classes()
                .that()
                .resideOutsideOfPackage("hako.linux")
                .should()
                .onlyDependOnClassesThat()
                .resideOutsideOfPackage("java.lang.foreign")
                .check(HAKO);
    }

    @Test
    void noPackageDependsOnItselfThroughOthers() {
        slices().matching("hako.(*)..").should().beFreeOfCycles().check(HAKO);
    }
}
